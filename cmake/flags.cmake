# Compiler and linker flags for every target of the project, each with its reason.

set(UPDOG_WARNINGS
  -Wall -Wextra -Wpedantic
  -Wshadow               # a second variable of the same name hides the one that was meant
  -Wconversion           # lengths and offsets come from untrusted bytes: no silent narrowing
  -Wsign-conversion      # nor a negative length that becomes a huge one
  -Wold-style-cast       # a cast says which kind it is
  -Wcast-align           # unaligned reads of on-disk structures
  -Wnon-virtual-dtor -Woverloaded-virtual
  -Wdouble-promotion
  -Wformat=2
  -Wimplicit-fallthrough
  -Wswitch-enum          # a new enumerator is looked at wherever one is switched on
)
add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:${UPDOG_WARNINGS}>")
if(UPDOG_WARNINGS_AS_ERRORS)
  add_compile_options(-Werror)
endif()

add_compile_definitions(
  OPENSSL_NO_DEPRECATED        # EVP only
  OPENSSL_API_COMPAT=30000
  _FILE_OFFSET_BITS=64
)

# gcc's -O0 is too slow for the hashing and decompression tests, and hides warnings that need flow analysis.
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g")
# Line tables and functions, which crash reports and profiles need; all of the types take as long to
# write as everything else takes to compile.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

add_compile_options(
  -fstack-protector-strong
  -fstack-clash-protection
  -ftrivial-auto-var-init=zero   # uninitialised stack never leaks, never surprises
  -fno-omit-frame-pointer        # profiles and crash reports of fleets stay readable
)
add_compile_definitions(_GLIBCXX_ASSERTIONS)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  add_compile_options(-fcf-protection=full)
endif()
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)
set(CMAKE_EXE_LINKER_FLAGS "${CMAKE_EXE_LINKER_FLAGS} -pie")

if(UPDOG_SANITIZERS)
  # Line tables are all that their reports need; full debug information costs time to compile.
  add_compile_options(-fsanitize=${UPDOG_SANITIZERS} -fno-sanitize-recover=all -g1)
  add_link_options(-fsanitize=${UPDOG_SANITIZERS})
else()
  # Fortify needs optimisation, and hides faults from the sanitizers.
  add_compile_options("$<$<CONFIG:RelWithDebInfo>:-U_FORTIFY_SOURCE>" "$<$<CONFIG:RelWithDebInfo>:-D_FORTIFY_SOURCE=3>")
endif()
