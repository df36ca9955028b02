// An application with types from graphql-codegen, compiled by tsc: `node codegen.mjs SERVER APPLICATION`.
import { pathToFileURL } from "node:url";
import { report, url } from "./setup.mjs";

const { cards } = await import(pathToFileURL(process.argv[3]));

await report({ cards: () => cards(url, 2) });
