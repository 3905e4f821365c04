// Barrels, path aliases, a workspace package, default exports, CommonJS and JSON side by side; two modules import each other.
// handler: src/handlers/orders.handler
