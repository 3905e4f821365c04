// Asks an evaluator that is installed apart about requests, one JSON line each; see test_oracle.py.
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const { runSimulation } = await import(pathToFileURL(process.argv[2]).href)
const wrap = (policies) => (policies ?? []).map((policy, index) => ({ name: `p${index}`, policy }))

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line)
  const simulation = {
    request: {
      principal: asked.principal,
      action: asked.action,
      resource: { resource: asked.resource, accountId: asked.account },
      contextVariables: asked.context ?? {},
    },
    identityPolicies: wrap(asked.identity),
    serviceControlPolicies: (asked.scps ?? []).map((level, index) => ({
      orgIdentifier: `o${index}`,
      policies: wrap(level),
    })),
    resourceControlPolicies: [],
    sessionPolicy: asked.session,
    permissionBoundaryPolicies: asked.boundary ? wrap([asked.boundary]) : undefined,
  }
  const answer = await runSimulation(simulation, {})
  const decision = answer.overallResult ?? answer.analysis?.result ?? answer.result
  process.stdout.write(JSON.stringify({ id: asked.id, decision, errors: answer.errors }) + '\n')
}
