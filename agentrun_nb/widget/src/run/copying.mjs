/** What of a run can be copied: its ids, its key, its reason, and the Python that gives it again. */
import { copy } from "../base/clipboard.mjs";
import { head } from "../base/head.mjs";
import { createMenu } from "../base/menu.mjs";
import { keyCode, logCode } from "../json/python.mjs";

const LABEL = "Copy ▾";
const SAID_FOR_MS = 1500;
/** Which fields name something; the number of a process names nothing for long. */
const NAMING = /^(?!process).*(?:id|key)$/;

/** @param {import("../protocol.mjs").RunDoc} doc @param {boolean} hasClient whether lines that need one can be run */
export function copyMenu(doc, hasClient) {
  const menu = createMenu(
    LABEL,
    textsOf(doc, hasClient).map(([label, text]) => ({
      label: label[0].toUpperCase() + label.slice(1),
      act: async () => {
        menu.say((await copy(text)) ? "Copied" : "Not allowed");
        setTimeout(() => menu.say(LABEL), SAID_FOR_MS);
      },
    })),
  );
  return menu.element;
}

/** @param {import("../protocol.mjs").RunDoc} doc @param {boolean} hasClient @returns {[label: string, text: string][]} */
function textsOf({ fields }, hasClient) {
  const key = keyCode(fields);
  /** @type {[string, string][]} */
  const texts = head()
    .fields.map(({ name }) => name)
    .filter((name) => NAMING.test(name) && fields[name])
    .map((name) => [name === "id" ? "run id" : name.replaceAll("_", " "), String(fields[name])]);
  texts.push(["key, as Python", key]);
  if (fields.failure_reason) texts.push(["failure reason", String(fields.failure_reason)]);
  if (hasClient)
    texts.push(
      ["Python: this run", `run = client.get_run${key}`],
      ["Python: its log", logCode(fields)],
    );
  return texts;
}
