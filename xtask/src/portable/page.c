/* Predicts for the values with which a page of examples/web begins; times of day are at the second that is named. */
#include <stdio.h>
#include <stdlib.h>
#include HEADER

#define JOINED(name, word) name##word
#define OF(name, word) JOINED(name, word)

/* As the page shows it: with six digits. */
static double rounded(double number) {
    char text[40];
    snprintf(text, sizeof text, "%.6g", number);
    return strtod(text, 0);
}

#ifdef HAS_DATES
/* The midnight before a number of days, found among all: nothing here computes with the calendar but the header. */
static void midnight(double *cells, const struct OF(NAME, _column) *column) {
    int year, month, day;
    for (year = 1700; year < 2300; year++) {
        for (month = 1; month <= 12; month++) {
            for (day = 1; day <= 31; day++) {
                double past = OF(NAME, _date)(cells, column->cell, year, month, day, 0.0, 0)
                    ? column->usual - (cells[column->cell] * 365.25 + column->earliest) : -1.0;
                if (past > -1e-6 && past < 1.0 - 1e-6) return;
            }
        }
    }
}
#endif

int main(int n, char **words) {
    double cells[OF(CAPITALS, _N_CELLS)], outputs[OF(CAPITALS, _N_OUTPUTS)];
    const struct OF(NAME, _model) *about = OF(NAME, _about)();
    double second = n > 1 ? strtod(words[1], 0) : 0.0;
    int i;
    (void)second;
    OF(NAME, _clear)(cells);
    for (i = 0; i < about->n_columns; i++) {
        const struct OF(NAME, _column) *column = about->columns + i;
        if (column->kind == 'n') cells[column->cell] = rounded(column->usual);
        if (column->kind == 'b') cells[column->cell] = column->usual < 0.5 ? 0.0 : 1.0;
        if (column->kind == 'c') cells[column->cell] = 0.0;
#ifdef HAS_DATES
        if (column->kind == 'd') midnight(cells, column);
#endif
#ifdef HAS_TIMES
        if (column->kind == 't') OF(NAME, _time)(cells, column->cell, second);
#endif
    }
    if (!OF(NAME, _predict)(cells, outputs)) return 1;
    for (i = 0; i < OF(CAPITALS, _N_OUTPUTS); i++) printf("%.17g\n", outputs[i]);
    return 0;
}
