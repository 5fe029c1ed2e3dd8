export { createLaptop } from './laptop.ts';
