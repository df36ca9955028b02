// Puts GraphiQL on the page. Where its scripts did not load, the page goes on saying so.
"use strict";

const place = document.getElementById("graphiql");

if (window.GraphiQL && window.React && window.ReactDOM) {
  const endpoint = new URL(place.dataset.endpoint, location.href);
  const socket = new URL(endpoint);
  socket.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";
  const plugins = window.GraphiQLPluginExplorer ? [GraphiQLPluginExplorer.explorerPlugin()] : [];
  ReactDOM.createRoot(place).render(
    React.createElement(GraphiQL, {
      fetcher: GraphiQL.createFetcher({ url: endpoint.href, subscriptionUrl: socket.href }),
      defaultEditorToolsVisibility: true,
      defaultHeaders: place.dataset.headers,
      plugins,
    }),
  );
}
