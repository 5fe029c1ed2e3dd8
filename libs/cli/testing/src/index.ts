export { createLaptop, type Laptop, type RunOptions, type SentRequest } from './laptop.ts';
