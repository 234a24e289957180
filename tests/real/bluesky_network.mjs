// A whole Bluesky on this machine (PLC, PDS, AppView, Ozone) for test_bluesky_network.py. In an empty folder, with Node 22,
// PostgreSQL and Redis at hand:
//
//   npm init -y && npm install @atproto/dev-env@0.6.7
//   DB_POSTGRES_URL=postgresql://pg@127.0.0.1:5433/postgres REDIS_HOST=127.0.0.1:6380 node bluesky_network.mjs
import { TestNetwork } from '@atproto/dev-env'

await TestNetwork.create({
  dbPostgresSchema: 'umbrage_' + Math.random().toString(36).replace(/[^a-z]/g, ''),
  plc: { port: 2582 },
  pds: { port: 2583, hostname: 'localhost' },
  bsky: { port: 2584 },
  ozone: { port: 2587 },
})
console.log('ready')
