// A hook of updog-agent: says on the console which one it is and what it was told.
#include <stdio.h>
#include <stdlib.h>

int main(int, char** arguments) {
  FILE* console = fopen("/dev/console", "w");
  if (console == nullptr) return 1;
  fprintf(console, "hook %s: from %s to %s, %s runs\n", arguments[0], getenv("UPDOG_FROM"),
          getenv("UPDOG_TO"), getenv("UPDOG_RUNNING"));
  return fclose(console) == 0 ? 0 : 1;
}
