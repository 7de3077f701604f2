/* One prediction on a Cortex-M4: the price of a diamond, left where a debugger or the rest of a program finds it. */
#include "diamonds.h"

volatile double price;

int main(void) {
    double cells[DIAMONDS_N_CELLS], outputs[DIAMONDS_N_OUTPUTS];
    diamonds_clear(cells); /* what is not set is missing */
    cells[DIAMONDS_CARAT] = 0.7;
    cells[DIAMONDS_CUT] = diamonds_level(DIAMONDS_CUT, "Ideal");
    cells[DIAMONDS_COLOR] = diamonds_level(DIAMONDS_COLOR, "E");
    cells[DIAMONDS_CLARITY] = diamonds_level(DIAMONDS_CLARITY, "VS1");
    cells[DIAMONDS_DEPTH] = 61.5;
    cells[DIAMONDS_TABLE] = 55;
    cells[DIAMONDS_X] = 5.7;
    cells[DIAMONDS_Y] = 5.7;
    cells[DIAMONDS_Z] = 3.5;
    if (diamonds_predict(cells, outputs)) price = outputs[0];
    for (;;) {}
}
