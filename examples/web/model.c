/* What the page calls: places for numbers, the prediction between them, and what the header says of its model. build.sh names the header. */
#include HEADER

#define JOINED(name, word) name##word
#define OF(name, word) JOINED(name, word)
#define EXPORT(name) __attribute__((export_name(#name)))

static double in[OF(CAPITALS, _N_CELLS)], out[OF(CAPITALS, _N_OUTPUTS)];

static const struct OF(NAME, _model) *about(void) { return OF(NAME, _about)(); }
static const struct OF(NAME, _column) *column(int at) { return about()->columns + at; }

EXPORT(cells) double *cells(void) { return in; }
EXPORT(n_cells) int n_cells(void) { return OF(CAPITALS, _N_CELLS); }
EXPORT(outputs) double *outputs(void) { return out; }
EXPORT(n_outputs) int n_outputs(void) { return OF(CAPITALS, _N_OUTPUTS); }
#ifdef HAS_TIMES
EXPORT(time) void time(int cell, double second) { OF(NAME, _time)(in, cell, second); }
#endif
EXPORT(predict) int predict(void) { return OF(NAME, _predict)(in, out); }

EXPORT(target) const char *target(void) { return about()->target; }
EXPORT(has_classes) int has_classes(void) { return about()->classes != 0; }
EXPORT(class_name) const char *class_name(int at) { return about()->classes[at]; }
EXPORT(half_width) double half_width(void) { return about()->half_width_90; }

EXPORT(n_columns) int n_columns(void) { return about()->n_columns; }
EXPORT(name) const char *name(int at) { return column(at)->name; }
EXPORT(kind) int kind(int at) { return column(at)->kind; }
EXPORT(cell) int cell(int at) { return column(at)->cell; }
EXPORT(least) double least(int at) { return column(at)->least; }
EXPORT(most) double most(int at) { return column(at)->most; }
EXPORT(usual) double usual(int at) { return column(at)->usual; }
EXPORT(earliest) double earliest(int at) { return column(at)->earliest; }
EXPORT(n_levels) int n_levels(int at) { return column(at)->n_levels; }
EXPORT(level) const char *level(int at, int of) { return column(at)->levels[of]; }
