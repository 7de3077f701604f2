/* What the page calls: two places for numbers, and the prediction between them. */
#include "iris.h"

#define EXPORT(name) __attribute__((export_name(name)))

static double cells[IRIS_N_CELLS], outputs[IRIS_N_OUTPUTS];

EXPORT("cells") double *cells_at(void) { return cells; }
EXPORT("outputs") double *outputs_at(void) { return outputs; }
EXPORT("n_outputs") int n_outputs(void) { return IRIS_N_OUTPUTS; }
EXPORT("class_name") const char *class_name(int at) { return iris_class_name(at); }
EXPORT("predict") int predict(void) { return iris_predict(cells, outputs); }
