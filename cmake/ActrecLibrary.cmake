# SPDX-License-Identifier: MIT
# The two libraries, from the same objects: libactrec.so and one merged libactrec.a.

get_property(layers GLOBAL PROPERTY ari_layers)
set(objects "")
foreach(layer IN LISTS layers)
    list(APPEND objects $<TARGET_OBJECTS:${layer}>)
endforeach()

set(ari_private_libraries nng::nng Threads::Threads m)
if(AR_HAVE_SQLITE)
    list(APPEND ari_private_libraries SQLite::SQLite3)
endif()
foreach(driver POSTGRES MYSQL)
    if(AR_HAVE_${driver})
        list(APPEND ari_private_libraries PkgConfig::${driver}_DRIVER)
    endif()
endforeach()

add_library(actrec SHARED ${objects})
add_library(actrec_static STATIC ${objects})
add_library(actrec::actrec ALIAS actrec)
add_library(actrec::actrec_static ALIAS actrec_static)

foreach(library actrec actrec_static)
    target_include_directories(${library} PUBLIC
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${library} PRIVATE $<BUILD_INTERFACE:ari_flags> ${ari_private_libraries})
    target_compile_features(${library} PUBLIC c_std_11)
    set_target_properties(${library} PROPERTIES OUTPUT_NAME actrec LINKER_LANGUAGE C)
endforeach()

# nodelete: the library has threads of its own, so it must not be unloaded under them.
# Bsymbolic-functions: calls inside the library to its public functions do not go through the PLT.
# --no-undefined: a missing library is found here, not by the program (a sanitizer's runtime is in the program, though).
set_target_properties(actrec PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0)
target_link_options(actrec PRIVATE -Wl,-z,nodelete -Wl,-Bsymbolic-functions
    $<$<STREQUAL:${AR_SANITIZE},>:-Wl,--no-undefined>)

# What a command line that links libactrec.a by hand adds.
set(ari_static_libraries -lnng -pthread -lm)
if(AR_HAVE_SQLITE)
    list(APPEND ari_static_libraries -lsqlite3)
endif()
if(AR_HAVE_POSTGRES)
    list(APPEND ari_static_libraries -lpq)
endif()
if(AR_HAVE_MYSQL)
    list(APPEND ari_static_libraries ${MYSQL_DRIVER_LDFLAGS})
endif()
