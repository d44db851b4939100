package ort

// release is a package of the npm registry that carries the library for several platforms, pinned by content.
type release struct {
	name, version string
	integrity     string // npm's form: "sha512-" and the base64 digest of the tarball
	platforms     map[string]platform
}

// platform is what one GOOS/GOARCH needs of the package.
type platform struct {
	folder string // in the package
	// files[0] is the library itself; the others are what it loads, and stand beside it.
	files []pinnedFile
}

type pinnedFile struct{ name, sha256 string }

// pinned is onnxruntime-node as the registry serves it. Its Windows libraries load DirectML and the shader compiler
// from their own folder; elsewhere the one file is all.
var pinned = release{
	name: "onnxruntime-node", version: Version,
	integrity: "sha512-twhs1C2C/BFkz1yc5OY0KIU2GUq6DURO7hD4bx5Q2Qy3nAMJwRXW8xU3NVczE29VA9lolLOYepoD8fjTGOfIqw==",
	platforms: map[string]platform{
		"linux/amd64": {"package/bin/napi-v6/linux/x64", []pinnedFile{
			{"libonnxruntime.so.1", "ffb75a925ba05e47b235bb66e3e3911714a80b328a9c9425539feb204aa32a23"},
		}},
		"linux/arm64": {"package/bin/napi-v6/linux/arm64", []pinnedFile{
			{"libonnxruntime.so.1", "1f549d46250b005580b597f4164984aaf75b3bcb9f3aeb07c7f8a8fe60b23c76"},
		}},
		"darwin/arm64": {"package/bin/napi-v6/darwin/arm64", []pinnedFile{
			{"libonnxruntime.1.dylib", "685d2be5dba1309c89d3a5324b7fd06a5c42f1a61bfea32d14c4cc28d072121d"},
		}},
		"windows/amd64": {"package/bin/napi-v6/win32/x64", []pinnedFile{
			{"onnxruntime.dll", "508c362f5673483dd3a086379c392795b2e42d10d5e6f3f90ebd7ac21c97af67"},
			{"DirectML.dll", "234e8898778cdec88d3cb0539508273494082812c968699f3de665a018971625"},
			{"dxcompiler.dll", "593d42df78c7f9cbd97c1374af107cfe20985759f98b77afc1448fe41ee3cc76"},
			{"dxil.dll", "cf9a3981263f8ec30c9905d136eeaf4b4573209c602198671b958ec86905dea8"},
		}},
		"windows/arm64": {"package/bin/napi-v6/win32/arm64", []pinnedFile{
			{"onnxruntime.dll", "6c3a2abf5c6aca11c48a0d338a91af309f2266f25ce2e4084e6a87bbcb0fbfd0"},
			{"DirectML.dll", "aaf72a9d55aa123e0708d957d30dd4fbeb7a2e335ec6257ed5ff4261a402b9ee"},
			{"dxcompiler.dll", "442a995492579e1048cf1f05a86ab00f476c46b7f9d0996e588884040a543bbe"},
			{"dxil.dll", "859b6d638c5ca3df39e9cab2a602cb0f63d0e63d750f84bb2a9ec9031319b73e"},
		}},
	},
}
