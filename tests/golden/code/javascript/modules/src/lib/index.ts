export { default } from './store';
export * from './names';
export * as queues from './queue';
