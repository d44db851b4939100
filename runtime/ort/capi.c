//go:build cgo

#include "capi.h"

const Function *elboOrtTable;

// elboOrtLoad takes the table of the library whose OrtGetApiBase is given, at version 23 of the API, the first with all of
// these functions. It returns 0 when the library is older.
int elboOrtLoad(void *getApiBase) {
	typedef struct { const Function *(*GetApi)(uint32_t); const char *(*GetVersionString)(void); } Base;
	elboOrtTable = ((const Base *(*)(void)) getApiBase)()->GetApi(23);
	return elboOrtTable != NULL;
}
