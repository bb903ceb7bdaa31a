// /usr/sbin/reboot of the reference image: asks process 1 to shut down and restart.
#include <signal.h>
#include <stdio.h>

int main() {
  if (kill(1, SIGTERM) == 0) return 0;
  perror("reboot");
  return 1;
}
