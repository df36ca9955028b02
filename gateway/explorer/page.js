// Renders GraphiQL. If its scripts did not load, the page keeps its loading message.
import { fromAddress, toAddress } from "./links.js";
import { keepNames } from "./names.js";
import { fetcherTo } from "./sending.js";

const EXPLORER = "Explorer";
const TABS = "graphiql:tabState"; // the storage key of GraphiQL's tabs
const PANE = "graphiql:openPane"; // the storage key of the last open pane
const TABS_AT_FIRST = 2;
const STACKED = matchMedia("(max-width: 699px)"); // page.css puts the answer below the query
const ROOMY = matchMedia("(min-width: 1000px)"); // there is room for a pane beside the editor and the answer
const FIRST = `# Ctrl-Enter runs this query.
# Ctrl-Space lists the possible completions.
# A tick in the pane on the left adds a field.
query Latest {
  articles(first: 5) {
    totalCount
    nodes {
      title
      publishedDateTime
      provider {
        name
      }
      topics {
        name
      }
    }
  }
}
`;

const place = document.getElementById("graphiql");
const title = document.title;
const link = fromAddress(location.href);
// The query that this page has put into its address, or was opened with.
let linked = link?.query;
const h = (...element) => React.createElement(...element);

// The tabs of the first visit: the ready queries of the server, if available.
async function firstTabs() {
  const answer = place.dataset.queries && (await fetch(new URL(place.dataset.queries, location.href)));
  const queries = answer?.ok ? await answer.json() : [];
  if (queries.length === 0) return [{ query: FIRST, variables: "" }];
  return queries.slice(0, TABS_AT_FIRST).map(({ name, query, variables }) => ({
    query: query.startsWith("#") ? query : `# ${name}\n${query}`,
    variables: Object.keys(variables ?? {}).length ? JSON.stringify(variables, null, 2) : "",
  }));
}

function activeTab({ tabs, activeTabIndex }) {
  return tabs[activeTabIndex];
}

// The last active tab, if the browser has stored it.
function keptTab() {
  try {
    return activeTab(JSON.parse(localStorage.getItem(TABS)));
  } catch {
    return undefined;
  }
}

// The initial content of the editors: the link, or the last active tab, or the first ready query. GraphiQL searches its
// tabs for it, and otherwise adds a tab. Without a query or variables GraphiQL uses the last ones typed in any tab.
async function beginning() {
  const { query, variables } = link ?? keptTab() ?? {};
  if (query != null) return { query, variables: variables ?? "" };
  const defaultTabs = await firstTabs();
  return { defaultTabs, ...defaultTabs[0] };
}

// Puts the operation into the URL, and copies the URL if the browser allows it.
function LinkButton() {
  const { queryEditor, variableEditor } = GraphiQL.React.useEditorContext({ nonNull: true });
  const [isDone, setDone] = React.useState(false);
  async function share() {
    const isOneOfSeveral = queryEditor.operations?.length > 1;
    const address = toAddress(location.href, {
      query: queryEditor.getValue(),
      variables: variableEditor.getValue(),
      operationName: isOneOfSeveral && queryEditor.operationName,
    });
    history.replaceState(null, "", address);
    linked = queryEditor.getValue();
    await navigator.clipboard?.writeText(address).catch(() => {});
    setDone(true);
    setTimeout(() => setDone(false), 2000);
  }
  const label = isDone ? "The address is a link to this query now" : "Link to this query";
  const lines = isDone ? "M4 10.5l4 4 8-9" : "M8 12l4-4M9 6l2-2a3.5 3.5 0 015 5l-2 2M11 14l-2 2a3.5 3.5 0 01-5-5l2-2";
  const look = { className: "graphiql-toolbar-icon link-icon", viewBox: "0 0 20 20", "aria-hidden": true };
  return h(GraphiQL.React.ToolbarButton, { label, onClick: share }, h("svg", look, h("path", { d: lines })));
}

// Wraps long lines, so that the toolbar does not cover them.
function WrapLines() {
  const { queryEditor } = GraphiQL.React.useEditorContext({ nonNull: true });
  React.useEffect(() => queryEditor?.setOption("lineWrapping", true), [queryEditor]);
  return null;
}

function isQuery(text) {
  const code = text.replace(/#.*/g, "").trim();
  return code !== "" && !/^\s*(subscription|mutation)\b/m.test(code);
}

// Runs the query of the active tab, so that the page opens with an answer. Subscriptions are not run.
function RunFirst() {
  const { queryEditor, responseEditor, variableEditor } = GraphiQL.React.useEditorContext({ nonNull: true });
  const { run } = GraphiQL.React.useExecutionContext({ nonNull: true });
  const { schema } = GraphiQL.React.useSchemaStore();
  const isDone = React.useRef(false);
  React.useEffect(() => {
    if (isDone.current || !(schema && queryEditor && responseEditor && variableEditor)) return;
    isDone.current = true;
    if (isQuery(queryEditor.getValue())) run();
  });
  return null;
}

// GraphiQL always starts with closed panes. A click opens the pane that was open last.
function OpenPane() {
  const { plugins } = GraphiQL.React.usePluginStore();
  React.useEffect(() => {
    const pane = localStorage.getItem(PANE) ?? (ROOMY.matches ? EXPLORER : "");
    document.querySelector(`.graphiql-sidebar button[aria-label="Show ${CSS.escape(pane)}"]`)?.click();
  }, [plugins]);
  return null;
}

function Brand() {
  const mark = h("img", { src: new URL("icon.svg", import.meta.url).href, alt: "", width: 20, height: 20 });
  return h("a", { className: "brand", href: "./" }, mark, "content gateway");
}

function Explorer(props) {
  const [operationName, setOperationName] = React.useState(link?.operationName);
  // Removes the operation from the URL when it differs from the query in the tab. An operation that was just typed into
  // the address bar stays: the page is about to open it.
  function onTabChange(state) {
    const { query, title: name } = activeTab(state);
    document.title = name && name !== "<untitled>" ? `${name} – ${title}` : title;
    const shared = fromAddress(location.href);
    if (shared && shared.query === linked && query !== linked) {
      history.replaceState(null, "", toAddress(location.href));
      setOperationName(undefined);
    }
  }
  return h(
    GraphiQL,
    { ...props, operationName, onTabChange },
    h(GraphiQL.Logo, { key: "logo" }, h(Brand)),
    h(GraphiQL.Toolbar, { key: "toolbar" }, ({ prettify, merge, copy }) =>
      h(React.Fragment, null, prettify, merge, copy, h(LinkButton)),
    ),
    h(WrapLines, { key: "lines" }),
    h(OpenPane, { key: "pane" }),
    h(RunFirst, { key: "run" }),
  );
}

async function begin() {
  window.__webpack_nonce__ = place.dataset.nonce; // GraphiQL's dialogs read the nonce here
  GraphiQL.React.ImagePreview.shouldRender = () => false; // it would send requests to the host of the image
  const props = {
    ...(await beginning()),
    fetcher: fetcherTo(new URL(place.dataset.endpoint, location.href)),
    plugins: [{ ...GraphiQLPluginExplorer.explorerPlugin({ showAttribution: false }), title: EXPLORER }],
    defaultHeaders: place.dataset.headers,
    defaultQuery: "",
    defaultEditorToolsVisibility: STACKED.matches ? false : "variables",
    onTogglePluginVisibility: (plugin) => localStorage.setItem(PANE, plugin?.title ?? ""),
  };
  keepNames(place);
  ReactDOM.createRoot(place).render(h(Explorer, props));
}

// Opens a link that is pasted into the address bar of the open page.
addEventListener("hashchange", () => fromAddress(location.href) && location.reload());

if (window.GraphiQL && window.GraphiQLPluginExplorer) await begin();
