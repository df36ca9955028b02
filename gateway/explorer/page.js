// Puts GraphiQL on the page. Where its scripts did not load, the page goes on saying so.
import { fromAddress, toAddress } from "./links.js";
import { keepNames } from "./names.js";
import { fetcherTo } from "./sending.js";

const EXPLORER = "Explorer";
const TABS = "graphiql:tabState"; // where the storage has GraphiQL's tabs
const PANE = "graphiql:openPane"; // where it has the pane that the reader left open
const TABS_AT_FIRST = 2;
const STACKED = matchMedia("(max-width: 699px)"); // page.css puts the answer below the query
const ROOMY = matchMedia("(min-width: 1000px)"); // there is room for a pane beside the editor and the answer
const FIRST = `# Ctrl-Enter runs this query.
# Ctrl-Space says what may stand here.
# A tick on the left writes it for you.
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
const h = (...element) => React.createElement(...element);

// The tabs of the first visit: ready queries of the server, if it has any. Their arguments exist in its content.
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

// The tab that was active last, if the browser has kept any.
function keptTab() {
  try {
    return activeTab(JSON.parse(localStorage.getItem(TABS)));
  } catch {
    return undefined;
  }
}

// What is in the editors first: the link, else the tab that was active last, else the first of the ready queries.
// GraphiQL looks for it among its tabs, and adds one where it is not. Told of no query or no variables it takes those
// that were typed last, wherever that was.
async function beginning() {
  const { query, variables } = link ?? keptTab() ?? {};
  if (query != null) return { query, variables: variables ?? "" };
  const defaultTabs = await firstTabs();
  return { defaultTabs, ...defaultTabs[0] };
}

// Puts the operation into the address, and on the clipboard where the browser lets it.
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
    await navigator.clipboard?.writeText(address).catch(() => {});
    setDone(true);
    setTimeout(() => setDone(false), 2000);
  }
  const label = isDone ? "The address is a link to this query now" : "Link to this query";
  const lines = isDone ? "M4 10.5l4 4 8-9" : "M8 12l4-4M9 6l2-2a3.5 3.5 0 015 5l-2 2M11 14l-2 2a3.5 3.5 0 01-5-5l2-2";
  const look = { className: "graphiql-toolbar-icon link-icon", viewBox: "0 0 20 20", "aria-hidden": true };
  return h(GraphiQL.React.ToolbarButton, { label, onClick: share }, h("svg", look, h("path", { d: lines })));
}

// Long lines go on below, and not behind the toolbar.
function WrapLines() {
  const { queryEditor } = GraphiQL.React.useEditorContext({ nonNull: true });
  React.useEffect(() => queryEditor?.setOption("lineWrapping", true), [queryEditor]);
  return null;
}

function isQuery(text) {
  const code = text.replace(/#.*/g, "").trim();
  return code !== "" && !/^\s*(subscription|mutation)\b/m.test(code);
}

// Runs what the active tab holds, so that the page opens with an answer. A subscription waits for the reader.
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

// GraphiQL begins with every pane closed, whatever it is told; a click opens the one that was open last.
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
  // An address that holds another query than the one in the tab would mislead; the operation that it names, too.
  function onTabChange(state) {
    const { query, title: name } = activeTab(state);
    document.title = name && name !== "<untitled>" ? `${name} – ${title}` : title;
    const shared = fromAddress(location.href);
    if (shared && query !== shared.query) {
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
  window.__webpack_nonce__ = place.dataset.nonce; // where GraphiQL's dialogs look for it, to add their style
  GraphiQL.React.ImagePreview.shouldRender = () => false; // it would ask the image's host
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

// A link that is put into the address of the open page is opened as any other.
addEventListener("hashchange", () => fromAddress(location.href) && location.reload());

if (window.GraphiQL && window.GraphiQLPluginExplorer) await begin();
