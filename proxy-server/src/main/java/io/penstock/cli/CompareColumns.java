package io.penstock.cli;

import java.util.ArrayList;
import java.util.List;

/**
 * Answers side by side, in columns of equal width: each text is wrapped at blanks, and cut where a
 * word is wider than its column.
 */
final class CompareColumns {
    static final int MIN_WIDTH = 20;
    private static final String GAP = " │ ";

    private final List<String> titles;
    private final List<StringBuilder> texts = new ArrayList<>();
    private final List<String> closings = new ArrayList<>();
    private final int width; // of a column

    /**
     * Empty columns with these titles.
     *
     * @param screenWidth in characters; columns are {@value #MIN_WIDTH} wide at least
     */
    CompareColumns(List<String> titles, int screenWidth) {
        this.titles = titles;
        for (int i = 0; i < titles.size(); i++) {
            texts.add(new StringBuilder());
            closings.add("");
        }
        width = Math.max(MIN_WIDTH,
                (screenWidth - GAP.length() * (titles.size() - 1)) / titles.size());
    }

    /** Adds to the text of a column; control characters but line ends are left out. */
    void add(int column, String text) {
        StringBuilder to = texts.get(column);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\n' || c == '\t') {
                to.append(c == '\t' ? ' ' : c);
            } else if (!Character.isISOControl(c)) { // what a model says moves no cursor
                to.append(c);
            }
        }
    }

    /** The figures below a column. */
    void close(int column, String figures) {
        closings.set(column, figures);
    }

    /** All lines, of each column the last {@code height} of its text. */
    List<String> lines(int height) {
        List<List<String>> bodies = new ArrayList<>();
        int rows = 0;
        for (StringBuilder text : texts) {
            List<String> body = wrap(text.toString());
            bodies.add(body.size() > height ? body.subList(body.size() - height, body.size())
                    : body);
            rows = Math.max(rows, Math.min(body.size(), height));
        }
        List<String> lines = new ArrayList<>();
        lines.add(row(titles));
        lines.add(row(titles.stream().map(title -> "─".repeat(width)).toList()));
        for (int row = 0; row < rows; row++) {
            List<String> cells = new ArrayList<>();
            for (List<String> body : bodies) {
                cells.add(row < body.size() ? body.get(row) : "");
            }
            lines.add(row(cells));
        }
        List<List<String>> figures = closings.stream().map(this::wrap).toList();
        for (int row = 0; row < figures.stream().mapToInt(List::size).max().orElse(0); row++) {
            List<String> cells = new ArrayList<>();
            for (List<String> closing : figures) {
                cells.add(row < closing.size() ? closing.get(row) : "");
            }
            lines.add(row(cells));
        }
        return lines;
    }

    private String row(List<String> cells) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < cells.size(); i++) {
            String cell = cells.get(i).length() > width ? cells.get(i).substring(0, width)
                    : cells.get(i);
            line.append(i == 0 ? "" : GAP).append(cell)
                    .append(" ".repeat(width - cell.length()));
        }
        return line.toString().stripTrailing();
    }

    private List<String> wrap(String text) {
        List<String> lines = new ArrayList<>();
        for (String paragraph : text.isEmpty() ? new String[0] : text.split("\n", -1)) {
            String rest = paragraph;
            while (rest.length() > width) {
                int blank = rest.lastIndexOf(' ', width);
                int end = blank > 0 ? blank : width;
                lines.add(rest.substring(0, end));
                rest = rest.substring(blank > 0 ? end + 1 : end);
            }
            lines.add(rest);
        }
        return lines;
    }
}
