// Cards of articles and related entries, in a strict application.
import { GraphQLClient } from "graphql-request";
import { type FragmentType, graphql, useFragment } from "./gql/index.js";
import type { ArticleOrder } from "./gql/graphql.js";

const Card = graphql(`
  fragment Card on ContentItem {
    title
    publishedDateTime
    provider {
      name
    }
  }
`);

const Cards = graphql(`
  query Cards($first: Int!, $orderBy: [ArticleOrder!]) {
    articles(first: $first, orderBy: $orderBy) {
      nodes {
        ...Card
        related {
          ...Card
        }
      }
    }
  }
`);

export const Changes = graphql(`
  subscription Changes($path: String!) {
    articleChanged(filter: { path: { eq: $path } }) {
      article {
        ...Card
      }
    }
  }
`);

type Item = FragmentType<typeof Card>;

export interface Told {
  title: string;
  provider: string | null;
}

function told(item: Item): Told {
  const { title, provider } = useFragment(Card, item);
  return { title, provider: provider?.name ?? null };
}

/** The types include null: without the directive this does not compile. */
export function date(item: Item): string {
  // @ts-expect-error - an item may have no date
  return useFragment(Card, item).publishedDateTime;
}

export async function cards(url: string, first: number): Promise<Told[]> {
  const orderBy: ArticleOrder[] = [{ field: "TITLE", direction: "ASC" }];
  const { articles } = await new GraphQLClient(url).request(Cards, { first, orderBy });
  return articles.nodes.flatMap((article) => [told(article), ...article.related.map(told)]);
}
