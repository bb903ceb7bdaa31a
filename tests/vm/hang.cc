// An init that does nothing: the system hangs as soon as it has begun.
#include <unistd.h>

int main() {
  for (;;) pause();
}
