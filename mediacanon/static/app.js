/* Enhancements: every page works without this script. */
"use strict";

/* The path below which the server is reached: this script lies in its folder /static. */
const BASE = new URL("..", document.currentScript.src).pathname;

/* A poster that fails to load is removed; the drawn poster under it stays. */
const dropBroken = (image) => image.remove();
document.addEventListener("error", (event) => event.target instanceof HTMLImageElement && dropBroken(event.target), true);
for (const image of document.querySelectorAll(".poster img")) {
  if (image.complete && !image.naturalWidth) dropBroken(image);
}

/* The notice of a refresh is shown once: a copied or reloaded address must not repeat it. */
const here = new URL(location.href);
if (here.searchParams.has("refresh")) {
  here.searchParams.delete("refresh");
  history.replaceState(null, "", here);
}

/* The note below the heat map names the episode under the pointer or the focus. */
for (const map of document.querySelectorAll(".heat")) {
  const note = map.closest("section").querySelector(".heat-note");
  const describe = (event) => {
    const cell = event.target.closest("a");
    if (!cell) return;
    const [rating, ...rest] = cell.getAttribute("aria-label").split(": ");
    const strong = document.createElement("strong");
    strong.textContent = rating;
    note.replaceChildren(strong, ` ${rest.join(": ")}`);
  };
  // A tooltip above the note would say it twice. Without scripts there is the tooltip alone.
  for (const cell of map.querySelectorAll("a[title]")) {
    cell.setAttribute("aria-label", cell.textContent === "·" ? cell.title : `${cell.textContent}: ${cell.title}`);
    cell.removeAttribute("title");
  }
  map.addEventListener("mouseover", describe);
  map.addEventListener("focusin", describe);
}

/* A link to an episode opens its season. */
const unfold = () => {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const season = target && target.closest("details");
  if (season && !season.open) {
    season.open = true;
    target.scrollIntoView();
  }
};
addEventListener("hashchange", unfold);
unfold();

/* Suggestions while typing: the combobox pattern of the ARIA Authoring Practices. */
const DOCUMENT = "query Suggest($query: String!) { search(query: $query, limit: 8, kinds: [TITLE, PERSON]) { matchedOn matchedName person { personId name birthYear } title { displayName type startYear movieId showId } } }";
const PAUSE = 120;
/* As the server does: composed, single spaces, no invisible characters but joiners. */
const normalise = (text) => text.normalize("NFC").replace(/(?![\u200c\u200d])\p{Cf}/gu, "").replace(/\s+/g, " ").trim();
let lists = 0;

class Suggestions {
  constructor(input) {
    this.input = input;
    this.items = [];
    this.chosen = -1;
    this.list = document.createElement("ul");
    this.list.className = "suggestions";
    this.list.id = `suggestions-${++lists}`;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "Suggestions");
    this.list.hidden = true;
    input.after(this.list);
    const attributes = { role: "combobox", autocomplete: "off", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id };
    for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
    input.addEventListener("input", () => this.ask());
    input.addEventListener("keydown", (event) => this.press(event));
    input.addEventListener("blur", () => this.close());
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const option = event.target.closest("li");
      if (option) this.open(this.items[[...this.list.children].indexOf(option)]);
    });
  }

  ask() {
    clearTimeout(this.timer);
    this.request?.abort();
    const query = normalise(this.input.value);
    if (query.length < 2) return this.close();
    this.timer = setTimeout(() => this.load(query), PAUSE);
  }

  async load(query) {
    this.request = new AbortController();
    const parameters = new URLSearchParams({ query: DOCUMENT, variables: JSON.stringify({ query }) });
    try {
      const response = await fetch(`${BASE}graphql?${parameters}`, { signal: this.request.signal, headers: { accept: "application/json" } });
      const { data } = await response.json();
      this.show(data ? data.search : []);
    } catch (error) {
      if (error.name !== "AbortError") this.close();
    }
  }

  show(hits) {
    this.items = hits.map((hit) => (hit.title ? this.ofTitle(hit) : this.ofPerson(hit.person))).filter((item) => item?.path);
    this.chosen = -1;
    this.list.replaceChildren(...this.items.map((item, place) => this.option(item, place)));
    this.expand(this.items.length > 0 && document.activeElement === this.input);
  }

  ofTitle({ title, matchedOn, matchedName }) {
    const { movieId, showId, displayName, startYear, type } = title;
    const also = matchedOn === "PERSON" ? null : matchedName;
    return {
      path: movieId ? `movies/${movieId}` : showId && `shows/${showId}`,
      name: displayName,
      more: [also, startYear, type === "show" && "Show"],
    };
  }

  ofPerson(person) {
    return person && { path: `people/${person.personId}`, name: person.name, more: ["Person", person.birthYear && `born ${person.birthYear}`] };
  }

  option(item, place) {
    const option = document.createElement("li");
    option.id = `${this.list.id}-${place}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    const name = document.createElement("bdi");
    name.textContent = item.name;
    const more = document.createElement("span");
    more.className = "quiet";
    more.textContent = item.more.filter(Boolean).join(" · ");
    option.append(name, " ", more);
    return option;
  }

  press(event) {
    /* Keys of an input method choose among its own candidates; Safari ends the composition before it sends 229. */
    if (event.isComposing || event.keyCode === 229) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !this.list.hidden) {
      event.preventDefault();
      this.choose(this.chosen + step);
    } else if (event.key === "Enter" && this.chosen >= 0) {
      event.preventDefault();
      this.open(this.items[this.chosen]);
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.close();
    }
  }

  choose(place) {
    const count = this.items.length + 1;
    this.chosen = ((place + 1 + count) % count) - 1;
    for (const [index, option] of [...this.list.children].entries()) {
      option.setAttribute("aria-selected", String(index === this.chosen));
    }
    const option = this.list.children[this.chosen];
    if (option) {
      this.input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  expand(isOpen) {
    this.list.hidden = !isOpen;
    this.input.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) this.input.removeAttribute("aria-activedescendant");
  }

  close() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.chosen = -1;
    this.expand(false);
  }

  open(item) {
    location.assign(BASE + item.path);
  }
}

for (const input of document.querySelectorAll("form.find input[name=q]")) new Suggestions(input);
