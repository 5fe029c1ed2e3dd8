export { createLaptop, type Laptop, type RunOptions } from './laptop.ts';
