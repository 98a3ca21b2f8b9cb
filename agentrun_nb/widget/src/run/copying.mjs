/** What of a run can be copied: its ids, its key, its reason, and the Python that gives it again. */
import { copy } from "../base/clipboard.mjs";
import { head } from "../base/head.mjs";
import { createMenu } from "../base/menu.mjs";
import { logCode, pythonText } from "../json/python.mjs";

const LABEL = "Copy ▾";
const SAID_FOR_MS = 1500;
/** Which fields name something; the number of a process names nothing for long. */
const NAMING = /^(?!process).*(?:id|key)$/;

/**
 * The text may be the kernel's to give.
 * @typedef {{label: string, text: () => string | Promise<string>}} Copyable
 * @typedef {{hasClient: boolean, viewCode: (() => Promise<string>) | null}} Options `viewCode` gives the Python of the whole view, where a kernel can say it
 */

/** @param {import("../protocol.mjs").RunDoc} doc @param {Options} options */
export function copyMenu(doc, options) {
  const menu = createMenu(
    LABEL,
    copyables(doc, options).map(({ label, text }) => ({
      label,
      act: async () => {
        menu.say(await copied(text));
        setTimeout(() => menu.say(LABEL), SAID_FOR_MS);
      },
    })),
  );
  return menu.element;
}

/** @param {Copyable["text"]} text @returns {Promise<string>} what is said of it */
async function copied(text) {
  try {
    return (await copy(await text())) ? "Copied" : "Not allowed";
  } catch {
    return "No answer";
  }
}

/** @param {import("../protocol.mjs").RunDoc} doc @param {Options} options @returns {Copyable[]} */
function copyables({ fields }, { hasClient, viewCode }) {
  const names = head().fields.map(({ name }) => name);
  const ids = names
    .filter((name) => NAMING.test(name) && fields[name])
    .map((name) => copyable(name === "id" ? "run id" : name.replaceAll("_", " "), fields[name]));
  const [deployment, run] = [fields.deployment_id, fields.id].map((id) =>
    pythonText(String(id ?? "")),
  );
  const items = [...ids, copyable("key, as Python", `(${deployment}, ${run})`)];
  if (fields.failure_reason) items.push(copyable("failure reason", fields.failure_reason));
  if (hasClient) {
    items.push(copyable("Python: this run", `run = client.get_run(${deployment}, ${run})`));
    items.push(copyable("Python: its log", logCode(fields)));
  }
  if (viewCode) items.push({ label: "Python: this view", text: viewCode });
  return items;
}

/** @param {string} label @param {import("../protocol.mjs").Scalar | undefined} text @returns {Copyable} */
function copyable(label, text) {
  return { label: label[0].toUpperCase() + label.slice(1), text: () => String(text) };
}
