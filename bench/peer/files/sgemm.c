// Multiplies matrices with a BLAS that is loaded at run time.
//
//	sgemm LIBRARY PREFIX
//
// PREFIX stands before the library's names: "" or "scipy_". The lines that it reads and answers are those of side.Host;
// the task is "sgemm M N K DIR", C [M,N] = A [M,K] B [K,N] on the files DIR/a and DIR/b.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef void (*gemm_t)(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int);

enum { row_major = 101, no_trans = 111 };

static gemm_t gemm;
static int m, n, k;
static float *a, *b, *c;

static void run(void) { gemm(row_major, no_trans, no_trans, m, n, k, 1, a, k, b, n, 0, c, n); }

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}

// load reads count numbers from a file of the folder.
static float *load(const char *dir, const char *name, size_t count) {
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	float *x = aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64);
	FILE *f = fopen(path, "rb");
	if (!x || !f || fread(x, sizeof(float), count, f) != count) {
		printf("error cannot read %s\n", path);
		exit(1);
	}
	fclose(f);
	return x;
}

static void check(const char *path) {
	run();
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(c, sizeof(float), (size_t)m * n, f) != (size_t)m * n || fclose(f)) {
		printf("error cannot write %s\n", path);
		exit(1);
	}
	printf("ok\n");
}

int main(int argc, char **argv) {
	setvbuf(stdout, NULL, _IOLBF, 0);
	void *lib = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL) : NULL;
	char name[64], line[8192], path[4096];
	snprintf(name, sizeof name, "%scblas_sgemm", argc > 2 ? argv[2] : "");
	gemm = lib ? (gemm_t)dlsym(lib, name) : NULL;
	if (!gemm) {
		printf("error %s\n", dlerror());
		return 1;
	}
	int times;
	while (fgets(line, sizeof line, stdin)) {
		if (sscanf(line, "open %*s sgemm %d %d %d %4095s", &m, &n, &k, path) == 4) {
			a = load(path, "a", (size_t)m * k);
			b = load(path, "b", (size_t)k * n);
			c = aligned_alloc(64, ((size_t)m * n * sizeof(float) + 63) / 64 * 64);
			printf("ok\n");
		} else if (sscanf(line, "check %*s %4095s", path) == 1) {
			check(path);
		} else if (sscanf(line, "run %*s %d", &times) == 1) {
			double start = now();
			for (int i = 0; i < times; i++)
				run();
			printf("%.9g\n", now() - start);
		} else {
			printf("error not a line that a host takes\n");
		}
	}
	return 0;
}
