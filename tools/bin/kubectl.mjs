#!/usr/bin/env node
import { runBundled } from './bundled-binary.mjs';

runBundled('kubectl', 'kubectl/kubectl');
