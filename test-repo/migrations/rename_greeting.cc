// The migration of the demonstration's release 2.0.0: the setting greeting.text is called
// greeting.message from then on.
#include "api/migrator/migration.h"

int main(int argc, char** argv) {
  return api::RunMigration(
      argc, argv,
      {.forward =
           [](api::Settings& settings) {
             return api::RenameSetting(settings, "greeting.text", "greeting.message");
           },
       .backward =
           [](api::Settings& settings) {
             return api::RenameSetting(settings, "greeting.message", "greeting.text");
           }});
}
