export { createLaptop, type Laptop } from './laptop.ts';
