// A health check that fails.
#include <stdio.h>

int main() {
  puts("the application does not answer");
  return 1;
}
