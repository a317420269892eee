// Asks TMDB's client of npm: `node ask.mjs ADDRESS MOVIE SHOW`. Prints the answers as JSON.
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const { MovieDb } = require("moviedb-promise");

const [address, movie, show] = process.argv.slice(2);
const client = new MovieDb("x", `${address}/3/`);
const attempt = (promise) =>
  promise.then(
    (found) => found,
    (error) => error.response?.data ?? String(error),
  );
const whole = await attempt(client.movieInfo({ id: movie, append_to_response: "credits,videos,similar" }));
console.log(
  JSON.stringify({
    movie: whole,
    credits: await attempt(client.movieCredits({ id: movie })),
    show: await attempt(client.tvInfo({ id: show })),
    season: await attempt(client.seasonInfo({ id: show, season_number: 1 })),
    episode: await attempt(client.episodeInfo({ id: show, season_number: 1, episode_number: 2 })),
    found: await attempt(client.find({ id: whole.imdb_id, external_source: "imdb_id" })),
    search: await attempt(client.searchMulti({ query: whole.title })),
    discovered: await attempt(client.discoverTv({ with_genres: "18|35", sort_by: "vote_average.desc" })),
    trending: await attempt(client.trending({ media_type: "all", time_window: "week" })),
    configuration: await attempt(client.configuration()),
    genres: await attempt(client.genreMovieList()),
    collection: await attempt(client.collectionInfo({ id: 77 })),
    missing: await attempt(client.movieInfo({ id: 1 })),
  }),
);
