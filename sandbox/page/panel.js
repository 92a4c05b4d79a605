// The window into Braintrust: who has how many rows, what was asked, and switches that make it difficult.

import { post } from "./server.js";
import { byId, make, number, setText, showItems } from "./dom.js";

const ORIGINS = ["before", "api", "hand"];

/** Let the switches do what they say. */
export function wirePanel() {
  for (const button of document.querySelectorAll("[data-switch]")) {
    button.addEventListener("click", () => post(`/act/${button.dataset.switch}`));
  }
}

/** Show the counts of `braintrust`, part of the page's state. */
export function showPanel(braintrust) {
  setText(byId("panel-note"), `tag ${braintrust.tag}, the last 7 days`);
  setText(byId("unassigned"), number(braintrust.unassigned));
  const matching = `${number(braintrust.matching)} rows match`;
  setText(byId("totals-note"), `${matching}, ${number(braintrust.finished)} of them are finished without an assignee`);
  fillBar(byId("total-bar"), summed(braintrust.people), Math.max(1, braintrust.matching));
  showBars(braintrust);
  showCounters(braintrust.requests);
  showSwitches(braintrust.switches);
}

/** All people together, as if they were one. */
function summed(people) {
  const sum = (origin) => people.reduce((rows, person) => rows + person[origin], 0);
  return Object.fromEntries(ORIGINS.map((origin) => [origin, sum(origin)]));
}

const total = (person) => ORIGINS.reduce((sum, origin) => sum + person[origin], 0);

function showBars({ people, unassigned }) {
  const list = byId("bars");
  showItems(list, people.map(({ id, name }) => ({ id, name })), barNode);
  const rows = people.reduce((sum, person) => sum + total(person), unassigned);
  const scale = Math.max(1, rows / people.length, ...people.map(total));
  people.forEach((person, place) => {
    setText(list.children[place].querySelector(".bar-count"), number(total(person)));
    fillBar(list.children[place], person, scale);
  });
}

function barNode({ name }) {
  const parts = ORIGINS.map((origin) => make("span", { className: `part ${origin}`, data: { origin } }));
  const [label, count] = [make("span", { className: "bar-name" }, name), make("span", { className: "bar-count" })];
  return make("li", {}, label, count, make("span", { className: "bar", aria: { hidden: "true" } }, parts));
}

function fillBar(node, person, scale) {
  for (const part of node.querySelectorAll(".part")) {
    part.style.width = `${(100 * person[part.dataset.origin]) / scale}%`;
  }
  node.title = `${number(person.before)} before, ${number(person.api)} by the bot, ${number(person.hand)} by hand`;
}

function showCounters(requests) {
  for (const counter of byId("counters").querySelectorAll("[data-counter]")) {
    const count = requests[counter.dataset.counter];
    setText(counter, number(count));
    counter.parentElement.classList.toggle("zero", count === 0);
  }
}

function showSwitches({ slow, limited, failing }) {
  const find = (name) => document.querySelector(`[data-switch="${name}"]`);
  find("slow").setAttribute("aria-checked", String(slow));
  find("limited").setAttribute("aria-checked", String(limited));
  const left = failing === 1 ? "The next query fails" : `The next ${failing} queries fail`;
  setText(find("failing"), failing ? left : "Fail the next 3 queries");
  find("failing").classList.toggle("armed", failing > 0);
}
