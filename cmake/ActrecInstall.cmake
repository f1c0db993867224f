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

set(AR_PC_LIBS_PRIVATE "-lnng -pthread")
set(AR_PC_REQUIRES_PRIVATE "")
if(AR_HAVE_SQLITE)
    set(AR_PC_REQUIRES_PRIVATE "sqlite3")
endif()
file(RELATIVE_PATH AR_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" AR_PC_PREFIX "${AR_PC_PREFIX}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/actrec.pc.in" "${PROJECT_BINARY_DIR}/actrec.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/actrec.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
