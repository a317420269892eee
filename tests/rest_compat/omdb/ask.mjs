// Asks OMDb's client of npm: `node ask.mjs ADDRESS MOVIE SERIES NAME`. Prints the answers as JSON.
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const OMDb = require("omdbapi");

const [address, movie, series, name] = process.argv.slice(2);
const client = new OMDb("x");
client.utils.config.url = `${address}/omdb/?`;
const attempt = (promise) => promise.then((found) => found, (error) => String(error.message ?? error));
console.log(
  JSON.stringify({
    movie: await attempt(client.get({ id: movie })),
    byName: await attempt(client.get({ title: name, type: "series" })),
    search: await attempt(client.search({ search: "the", type: "movie" })),
    season: await attempt(client.get({ id: series, season: 1 })),
    episode: await attempt(client.get({ id: series, season: 1, episode: 1 })),
    missing: await attempt(client.get({ id: "tt0000001" })),
  }),
);
