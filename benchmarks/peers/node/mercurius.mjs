// Serves a database with Fastify, Mercurius and better-sqlite3: node mercurius.mjs DATABASE
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { images, providers, related, relatedImages, resolvers, schema, topics } from './articles.mjs'

// A loader of what a function finds for a column of each object.
const loader = (find, column) => async queries => find(queries.map(({ obj }) => obj[column]))

const loaders = {
  Article: {
    provider: loader(providers, 'providerKey'),
    topics: loader(topics, 'key'),
    images: loader(images, 'key'),
    related: loader(related, 'key')
  },
  Related: {
    provider: loader(providers, 'providerKey'),
    images: loader(relatedImages, 'key')
  }
}

const app = Fastify()
await app.register(mercurius, { schema, resolvers, loaders, jit: 1 })
console.log('Listening on', await app.listen({ host: '127.0.0.1', port: 0 }))
