/** Runs a file of Python in Pyodide, with a folder as /src: `node without_threads.mjs FOLDER FILE`. */
import { readFile } from "node:fs/promises";
import { loadPyodide } from "pyodide";

const [folder, file] = process.argv.slice(2);
const python = await loadPyodide();
python.mountNodeFS("/src", folder);
await python.runPythonAsync(await readFile(file, "utf-8"));
