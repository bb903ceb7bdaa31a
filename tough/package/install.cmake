# The library for programs outside of this project: one shared object with base in it, its headers, a
# CMake package and a pkg-config file. Who links it needs nothing else at build time.

set(public_headers
  base/bytes.h base/digest.h base/fd.h base/file.h base/json.h base/json_view.h base/log.h base/result.h base/sink.h
  base/time.h
  tough/canonical.h tough/client.h tough/delegation_editor.h tough/delegations.h tough/editor.h
  tough/http_transport.h tough/keys.h tough/limits.h tough/multi_client.h tough/path_match.h
  tough/publish.h tough/publishable_names.h tough/published_metadata.h tough/repository_map.h tough/role_keys.h tough/root_editor.h
  tough/schema.h tough/sign.h tough/signing_key.h tough/target_description.h tough/target_name.h
  tough/target_search.h tough/transport.h tough/trusted_set.h tough/url.h tough/verified_sink.h
  tough/verify.h)
list(TRANSFORM public_headers PREPEND "${PROJECT_SOURCE_DIR}/")

add_library(tough_shared SHARED $<TARGET_OBJECTS:tough> $<TARGET_OBJECTS:base>)
set_target_properties(tough_shared PROPERTIES
  OUTPUT_NAME tough
  EXPORT_NAME tough
  LINKER_LANGUAGE CXX
  VERSION ${PROJECT_VERSION}
  # Before 1.0 a minor version may change the interface.
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
target_sources(tough_shared PUBLIC
  FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}" FILES ${public_headers})
target_compile_features(tough_shared PUBLIC cxx_std_23)
target_link_libraries(tough_shared PRIVATE
  $<TARGET_PROPERTY:tough,LINK_LIBRARIES> $<TARGET_PROPERTY:base,LINK_LIBRARIES>)
if(NOT UPDOG_SANITIZERS)
  # That nothing is missing is found here, not by the first who links it. (A sanitizer's runtime comes
  # with the program.)
  target_link_options(tough_shared PRIVATE -Wl,-z,defs)
endif()

include(CMakePackageConfigHelpers)
set(headers_dir "${CMAKE_INSTALL_INCLUDEDIR}/tough")
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/tough")
install(TARGETS tough_shared EXPORT tough
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development
  FILE_SET HEADERS DESTINATION "${headers_dir}" COMPONENT development
  INCLUDES DESTINATION "${headers_dir}")
install(EXPORT tough NAMESPACE tough:: FILE tough-config.cmake DESTINATION "${package_dir}"
  COMPONENT development)
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/tough-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
configure_file(package/tough.pc.in tough.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/tough-config-version.cmake"
  DESTINATION "${package_dir}" COMPONENT development)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/tough.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)
