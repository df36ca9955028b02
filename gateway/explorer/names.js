// Adds the accessible names and roles that GraphiQL's elements lack. GraphiQL renders elements again on each change, so
// this runs after each change.

const EDITORS = {
  ".graphiql-query-editor": "Query",
  ".graphiql-editor-tool .graphiql-editor:nth-child(1)": "Variables",
  ".graphiql-editor-tool .graphiql-editor:nth-child(2)": "Headers",
  ".result-window": "Answer",
};

function nameOf(control) {
  const argument = control.closest("[data-arg-name]")?.dataset.argName;
  return argument ?? (control.placeholder || "Kind of operation");
}

// Sets attributes of the elements. A value is a text, a function of the element, or null to remove the attribute.
function set(selector, attributes) {
  for (const element of document.querySelectorAll(selector)) {
    for (const [name, value] of Object.entries(attributes)) {
      const text = typeof value === "function" ? value(element) : value;
      if (text === null) element.removeAttribute(name);
      else if (element.getAttribute(name) !== text) element.setAttribute(name, text);
    }
  }
}

function complete() {
  for (const [editor, name] of Object.entries(EDITORS)) set(`${editor} .CodeMirror textarea`, { "aria-label": name });
  set(".CodeMirror-scroll", { tabindex: (part) => (part.scrollHeight > part.clientHeight ? "0" : "-1") });
  set(".graphiql-explorer-root :is(input, select)", { "aria-label": nameOf });
  // The role `tab` does not allow buttons, and these tabs contain two: open and close.
  set(".graphiql-tabs", { role: "list" });
  set(".graphiql-tab", { role: "listitem", "aria-selected": null });
  set(".graphiql-tab-button", { "aria-current": (button) => String(button.closest(".graphiql-tab-active") !== null) });
  set("#graphiql-session", { role: "region" });
}

// Runs at most once per frame.
export function keepNames(place) {
  let isDue = false;
  const observer = new MutationObserver(() => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      complete();
    });
  });
  observer.observe(place, { subtree: true, childList: true, attributeFilter: ["class"] });
}
