// Serves a database with GraphQL Yoga, its plugin of graphql-jit, DataLoader and better-sqlite3: node yoga.mjs DATABASE
import { createServer } from 'node:http'
import { useGraphQlJit } from '@envelop/graphql-jit'
import DataLoader from 'dataloader'
import { createSchema, createYoga } from 'graphql-yoga'
import * as articles from './articles.mjs'

// The loaders of one operation.
const context = () => {
  const loader = find => new DataLoader(async keys => find(keys))
  return {
    providers: loader(articles.providers),
    topics: loader(articles.topics),
    images: loader(articles.images),
    related: loader(articles.related),
    relatedImages: loader(articles.relatedImages)
  }
}

const resolvers = {
  ...articles.resolvers,
  Article: {
    provider: ({ providerKey }, _, { providers }) => providerKey && providers.load(providerKey),
    topics: ({ key }, _, { topics }) => topics.load(key),
    images: ({ key }, _, { images }) => images.load(key),
    related: ({ key }, _, { related }) => related.load(key)
  },
  Related: {
    provider: ({ providerKey }, _, { providers }) => providerKey && providers.load(providerKey),
    images: ({ key }, _, { relatedImages }) => relatedImages.load(key)
  }
}

const yoga = createYoga({
  schema: createSchema({ typeDefs: articles.schema, resolvers }),
  context,
  plugins: [useGraphQlJit()],
  logging: false
})
const server = createServer(yoga)
server.listen(0, '127.0.0.1', () => console.log(`Listening on http://127.0.0.1:${server.address().port}`))
