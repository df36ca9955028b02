// What a list of articles asks for. It is compiled, and never run: `relay.mjs` reads the artifacts, as the tags of an
// application do once its bundler has put these in their place.
import { graphql } from "relay-runtime";

graphql`
  query listQuery($count: Int!) {
    ...list_articles @arguments(count: $count)
  }
`;

graphql`
  fragment list_articles on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" })
  @refetchable(queryName: "listPageQuery") {
    articles(first: $count, after: $cursor) @connection(key: "list_articles") {
      edges {
        node {
          id
          title
          ...list_card
        }
      }
    }
  }
`;

graphql`
  fragment list_card on ContentItem {
    title
    provider {
      name
    }
  }
`;

graphql`
  fragment list_article on Article @refetchable(queryName: "listArticleQuery") {
    title
    related {
      ...list_card
    }
  }
`;
