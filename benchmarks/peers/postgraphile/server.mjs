// Serves a schema of PostgreSQL with PostGraphile: node server.mjs URL SCHEMA
import { createServer } from 'node:http'
import { postgraphile } from 'postgraphile'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'

const [url, schema] = process.argv.slice(2)
const served = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString: url, schemas: [schema], poolConfig: { max: 4 } })],
  grafserv: { graphiql: false, watch: false }
})
const server = createServer()
await served.createServ(grafserv).addTo(server)
server.listen(0, '127.0.0.1', () => console.log(`Listening on http://127.0.0.1:${server.address().port}`))
