import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef } from 'react';
import { nonce } from '../shared/nonce.ts';
import type { TextProblem } from './manifest-check.ts';

const LOOK = EditorView.theme({
  '&': {
    border: '1px solid var(--astro-line)',
    borderRadius: 'var(--mantine-radius-sm)',
    backgroundColor: 'var(--mantine-color-body)',
    color: 'var(--mantine-color-text)',
    fontSize: '0.8125rem',
  },
  '&.cm-focused': { outline: '2px solid var(--mantine-color-anchor)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', minHeight: '20rem', maxHeight: '65vh' },
  '.cm-content': { caretColor: 'var(--mantine-color-text)' },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
  '.cm-gutters': {
    backgroundColor: 'var(--astro-ground)',
    color: 'var(--mantine-color-dimmed)',
    borderRight: '1px solid var(--astro-line)',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--mantine-color-body)',
    color: 'var(--mantine-color-text)',
    border: '1px solid var(--astro-line)',
  },
});

/** Colours of the theme, which are legible in light and dark. Values without quotes have the colour of the text. */
const SYNTAX = HighlightStyle.define([
  { tag: tags.definition(tags.propertyName), color: 'var(--mantine-color-anchor)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--astro-ok)' },
  { tag: [tags.keyword, tags.meta, tags.labelName, tags.typeName], color: 'var(--astro-missing)' },
  { tag: tags.comment, color: 'var(--mantine-color-dimmed)', fontStyle: 'italic' },
]);

/** An editor for YAML. Tab moves to the next field, as everywhere on the page. */
export default function ManifestEditor({
  label,
  value,
  problems,
  isReadOnly = false,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly problems: readonly TextProblem[];
  readonly isReadOnly?: boolean;
  readonly onChange: (value: string) => void;
}) {
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const changed = useRef(onChange);
  useEffect(() => {
    changed.current = onChange;
  }, [onChange]);
  useEffect(() => {
    if (!parent.current) return;
    const editor = new EditorView({
      parent: parent.current,
      state: EditorState.create({
        extensions: [
          EditorView.cspNonce.of(nonce),
          EditorView.contentAttributes.of({ 'aria-label': label }),
          EditorState.readOnly.of(isReadOnly),
          lineNumbers(),
          lintGutter(),
          history(),
          indentOnInput(),
          keymap.of([...defaultKeymap, ...historyKeymap]),
          yaml(),
          syntaxHighlighting(SYNTAX),
          LOOK,
          EditorView.updateListener.of(({ docChanged, state }) => {
            if (docChanged) changed.current(state.doc.toString());
          }),
        ],
      }),
    });
    editor.scrollDOM.tabIndex = 0; // so that keys can scroll it
    editor.scrollDOM.setAttribute('role', 'region');
    editor.scrollDOM.setAttribute('aria-label', `${label}, scrollable`);
    view.current = editor;
    return () => editor.destroy();
  }, [label, isReadOnly]);
  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value, label, isReadOnly]);
  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const { doc } = editor.state;
    const diagnostics = problems.map(({ line, column, message }) => {
      const at = doc.line(Math.min(Math.max(1, line), doc.lines));
      const from = Math.min(at.from + column - 1, at.to);
      return { from, to: at.to, severity: 'error' as const, message };
    });
    editor.dispatch(setDiagnostics(editor.state, diagnostics));
  }, [problems, value]);
  return <div ref={parent} />;
}
