// Walks through an add-on with Stremio's own client: `node walk.mjs ADDRESS`. Prints what it has seen as JSON.
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const client = require("stremio-addon-client");
const linter = require("stremio-addon-linter");

const { addon } = await client.detectFromURL(process.argv[2]);
const { valid, errors, warnings } = linter.lintManifest(addon.manifest);
const problems = [...errors, ...warnings].map((each) => each.message ?? String(each));
const seen = {};
const counts = {};
for (const { type, id, extra } of addon.manifest.catalogs) {
  const required = Object.fromEntries(
    extra.filter((each) => each.isRequired && each.options).map((each) => [each.name, each.options[0]]),
  );
  if (!extra.some((each) => each.name === "skip")) continue;
  counts[`${type}.${id}`] = [];
  for (let skip = 0; ; ) {
    const args = { ...required, ...(skip ? { skip } : {}) };
    if (!addon.isSupported("catalog", type, id)) problems.push(`unsupported ${type} ${id}`);
    const { metas } = await addon.get("catalog", type, id, args);
    counts[`${type}.${id}`].push(metas.length);
    for (const meta of metas) seen[meta.id] = { ...meta, catalog: `${type}.${id}` };
    if (metas.length === 0) break;
    skip += metas.length;
  }
}
let videos = 0;
for (const [id, preview] of Object.entries(seen)) {
  const { meta } = await addon.get("meta", preview.type, id);
  for (const key of ["id", "type", "name", "releaseInfo", "imdbRating"])
    if (meta[key] !== preview[key]) problems.push(`${id} ${key}: ${meta[key]} is not ${preview[key]}`);
  for (const url of [meta.poster, meta.background].filter(Boolean)) new URL(url);
  const released = [meta, ...(meta.videos ?? [])].map((each) => each.released).filter((each) => each !== undefined);
  for (const each of released) if (new Date(each).toISOString() !== each) problems.push(`${id}: released ${each}`);
  const ids = (meta.videos ?? []).map((video) => video.id);
  if (new Set(ids).size !== ids.length) problems.push(`${id}: videos are not unique`);
  if ((meta.videos ?? []).some((video) => video.id !== `${id}:${video.season}:${video.episode}` || video.name))
    problems.push(`${id}: a video with a wrong id or two names`);
  videos += ids.length;
}
const search = await addon.get("catalog", "movie", "search", { search: process.argv[3] });
const missing = await addon.get("meta", "movie", "tt0000001").then(() => "found", (error) => error.code ?? error.message);
console.log(JSON.stringify({ valid, problems, counts, titles: Object.keys(seen).length, videos, missing, found: search.metas.map((meta) => meta.name) }));
