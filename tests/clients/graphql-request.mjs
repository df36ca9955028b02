// graphql-request, as scripts and static sites use it.
import { batchRequests, ClientError, gql, GraphQLClient } from "graphql-request";
import { codes, editor, preflight, report, url } from "./setup.mjs";

const TITLE = gql`query Title($slug: String!) { article(slug: $slug) { title } }`;
const UNKNOWN = gql`{ articles { unknown } }`;

await report({
  async request() {
    const { article } = await new GraphQLClient(url).request(TITLE, { slug: "entry-07" });
    return article.title;
  },

  async get() {
    const client = new GraphQLClient(url, { method: "GET", headers: preflight });
    const { article } = await client.request(TITLE, { slug: "entry-07" });
    return article.title;
  },

  async batch() {
    const documents = ["entry-06", "entry-07"].map((slug) => ({ document: TITLE, variables: { slug } }));
    return (await batchRequests(url, documents)).map(({ data }) => data.article.title);
  },

  async preview() {
    const { data, status } = await new GraphQLClient(url, { headers: editor }).rawRequest(TITLE, { slug: "draft" });
    return { status, title: data.article.title };
  },

  async refusals() {
    try {
      return await new GraphQLClient(url).request(UNKNOWN);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      return { status: error.response.status, codes: codes(error.response.errors) };
    }
  },
});
