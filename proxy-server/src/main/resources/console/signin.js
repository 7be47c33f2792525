// Asks for the key, or the admin port's token, which stays in this tab.
import {h, tags, useState} from "./dom.js";
import {IS_ADMIN, credential} from "./feed.js";

const {button, form, h1, input, label, main, p, span} = tags;

export function SignIn({problem, onDone}) {
  const [value, setValue] = useState("");
  const what = IS_ADMIN ? "Admin token" : "API key";
  const submit = (event) => {
    event.preventDefault();
    if (value.trim() !== "") {
      credential.set(value.trim());
      onDone();
    }
  };
  const without = () => {
    credential.set("none"); // shown, so that no other site's page could do the same
    onDone();
  };
  return main({}, form({class: "signin panel", onSubmit: submit},
      h1({}, "Penstock console"),
      p({class: "muted"}, IS_ADMIN ? "This port asks for the token of `admin.token`."
          : "Sign in with an API key of this proxy. You see how the proxy does, and your own "
            + "calls."),
      label({}, span({}, what), input({type: "password", name: "key", value, required: true,
        autocomplete: "off", spellcheck: false, "aria-invalid": String(!!problem),
        ref: (box) => box && document.activeElement === document.body && box.focus(),
        onInput: (event) => setValue(event.target.value)})),
      problem && p({class: "bad", role: "alert"}, problem),
      button({type: "submit", class: "primary"}, "Sign in"),
      !IS_ADMIN && button({type: "button", onClick: without}, "Continue without a key"),
      p({class: "muted small"}, "The key stays in this tab and is sent as an Authorization header. "
          + "It is forgotten when the tab closes.")));
}
