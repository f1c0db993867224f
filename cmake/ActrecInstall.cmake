# SPDX-License-Identifier: MIT
# Headers, both libraries, the CMake package `actrec` and actrec.pc. Everything installed can be moved.
include(CMakePackageConfigHelpers)
set(ari_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/actrec")

install(TARGETS actrec actrec_static EXPORT actrecTargets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")
install(EXPORT actrecTargets NAMESPACE actrec:: DESTINATION "${ari_cmake_dir}")

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/actrecConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/actrecConfig.cmake" INSTALL_DESTINATION "${ari_cmake_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/actrecConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/actrecConfig.cmake" "${PROJECT_BINARY_DIR}/actrecConfigVersion.cmake"
    "${PROJECT_SOURCE_DIR}/cmake/ActrecFindNng.cmake" DESTINATION "${ari_cmake_dir}")

# Libs.private, not Requires.private: sqlite3: Debian's sqlite3.pc asks for -lz, whose package libsqlite3-dev does not
# bring along, and pkg-config would want sqlite3.pc even of those who link the shared library.
string(JOIN " " AR_PC_LIBS_PRIVATE ${ari_static_libraries})
file(RELATIVE_PATH AR_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" AR_PC_PREFIX "${AR_PC_PREFIX}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/actrec.pc.in" "${PROJECT_BINARY_DIR}/actrec.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/actrec.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
