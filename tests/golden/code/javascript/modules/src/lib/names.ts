export const TABLE = process.env.ORDERS_TABLE ?? '';
