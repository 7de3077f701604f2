/* Calls what was compiled without a standard library. */
#include <stdio.h>
int check(void);
int checks(void);
int main(void) {
    int wrong = check();
    printf("%d of %d differ\n", wrong, checks());
    return wrong != 0;
}
