// Inputs of a form: drawn with what is filled in, read again, and told as Slack tells them.

import { make } from "./dom.js";

const CONTROLS = ":is(input, textarea, select)";

/** An input with its label and hint, and what is wrong with it; `values` are what is filled in, else its own. */
export function inputNode({ key, block, error }, directory, values = initialValues(block.element)) {
  const { element, label, hint, optional } = block;
  const aria = { labelledby: `${key}-label`, describedby: `${key}-hint ${key}-error`, invalid: Boolean(error) };
  const fields = { id: key, required: !optional, data: { control: element.action_id }, aria };
  const more = optional ? make("span", {}, " (optional)") : "";
  return make(
    "li",
    { className: error ? "input wrong" : "input", block },
    make("label", { id: `${key}-label`, htmlFor: key }, label.text, more),
    DRAW[element.type]?.(fields, element, values, directory) ?? `(${element.type})`,
    error ? make("p", { id: `${key}-error`, className: "error" }, error) : "",
    hint ? make("p", { id: `${key}-hint` }, hint.text) : "",
  );
}

/** What is filled in: what is typed or chosen, or all that is ticked. */
export function valuesIn(node) {
  const controls = [...node.querySelectorAll(CONTROLS)].filter(({ type, checked }) => type !== "checkbox" || checked);
  return controls.map(({ value }) => value).filter(Boolean);
}

/** The form's state by block id and action id, each with its type, and null where nothing is filled in. */
export function stateOf(form) {
  const states = inputsOf(form).map((node) => {
    const { block_id, element } = node.block;
    const state = (STATE[element.type] ?? typedState)(valuesIn(node), element);
    return [block_id, { [element.action_id]: { type: element.type, ...state } }];
  });
  return Object.fromEntries(states);
}

/** What is wrong before anybody is asked, by block id: what is missing, or no number. */
export function problemsOf(form) {
  const wrong = inputsOf(form).map((node) => [node.block.block_id, node.querySelector(`${CONTROLS}:invalid`)]);
  return Object.fromEntries(wrong.flatMap(([id, control]) => (control ? [[id, control.validationMessage]] : [])));
}

/** Put the cursor into the first input, or into the first that is wrong. */
export const focusInput = (form, which = "") => form.querySelector(`.input${which} ${CONTROLS}`)?.focus();

const inputsOf = (form) => [...form.querySelectorAll(".input")];

const DRAW = {
  plain_text_input: (fields, { multiline, placeholder, min_length = 0, max_length = 3000 }, [value = ""]) => {
    const shape = { placeholder: placeholder?.text ?? "", minLength: min_length, maxLength: max_length };
    return make(multiline ? "textarea" : "input", { ...fields, ...shape, value });
  },
  number_input: (fields, { is_decimal_allowed, min_value: min = "", max_value: max = "" }, [value = ""]) =>
    make("input", { ...fields, type: "number", step: is_decimal_allowed ? "any" : 1, min, max, value }),
  static_select: (fields, { options }, values) =>
    menu(fields, options.map(({ value, text }) => [value, text.text]), values),
  conversations_select: (fields, { filter }, values, directory) => {
    const kind = ({ is_im, is_private }) => (is_im ? "im" : is_private ? "private" : "public");
    const fitting = directory.channels.filter((channel) => filter?.include?.includes(kind(channel)) ?? true);
    const ids = new Set([...fitting.map(({ id }) => id), ...values]);
    return menu(fields, [...ids].map((id) => [id, `# ${directory.channelName(id) ?? id}`]), values);
  },
  multi_users_select: ({ id, aria }, _element, values, directory) => {
    const ids = [...new Set([...directory.people.map((person) => person.id), ...values])];
    const box = (value) => ({ type: "checkbox", value, checked: values.includes(value), data: { control: value } });
    const boxes = ids.map((one) => make("label", {}, make("input", box(one)), directory.nameOf(one)));
    return make("div", { id, className: "choices", role: "group", aria }, boxes);
  },
};

const menu = (fields, options, [chosen = ""]) =>
  make("select", fields, [["", ""], ...options].map(([value, words]) =>
    make("option", { value, selected: value === chosen }, words)));

const initialValues = ({ initial_value, initial_option, initial_conversation, initial_users }) =>
  [initial_value, initial_option?.value, initial_conversation, initial_users].flat().filter(Boolean);

const typedState = ([value = null]) => ({ value });
const STATE = {
  static_select: ([chosen], { options }) => ({ selected_option: options.find(({ value }) => value === chosen) ?? null }),
  conversations_select: ([selected_conversation = null]) => ({ selected_conversation }),
  multi_users_select: (selected_users) => ({ selected_users }),
};
