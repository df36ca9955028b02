// What GraphiQL's elements lack for those who hear the page or have no mouse: names, and roles that fit. It draws anew
// whatever changes, so this looks again after each change.

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

// Gives the elements attributes, each a text, a function of the element, or null for none.
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
  // A tab may hold no button, and these hold two: one to open it and one to close it.
  set(".graphiql-tabs", { role: "list" });
  set(".graphiql-tab", { role: "listitem", "aria-selected": null });
  set(".graphiql-tab-button", { "aria-current": (button) => String(button.closest(".graphiql-tab-active") !== null) });
  set("#graphiql-session", { role: "region" });
}

// Once for all changes of a frame.
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
