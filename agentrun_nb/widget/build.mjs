/** Join and minify the sources into the two committed files of static/. */
import { build } from "esbuild";

const shared = { bundle: true, minify: true, legalComments: "none", charset: "utf8", target: "es2022" };

await build({ ...shared, entryPoints: ["src/main.mjs"], format: "esm", outfile: "static/widget.js" });
await build({ ...shared, entryPoints: ["src/styles/widget.css"], outfile: "static/widget.css" });
